"""Jobs of delivery."""

from __future__ import annotations

from simplane.core import jobs, work
from simplane.core.db import in_thread, transaction
from simplane.core.schedule import Result, scheduled
from simplane.delivery import actions, bounces  # noqa: F401  bounces registers its inbox handler
from simplane.delivery.models import Message


@jobs.job("delivery.send", queue="mail", hint=True)
async def send_message(message_id: int, due: bool = False) -> None:
    """Send one message. Its row keeps what came of it and when to try again, so a refusal is no failure of the job."""
    result = await actions.send_async(message_id, due=due)
    if result.name == "sent":
        await in_thread(actions.tell_sent_later, message_id)


@scheduled("delivery.due_messages", cron="* * * * * */5", title="Mails that are due", most_seconds=60, queue="mail")
def send_due_messages() -> Result:
    """Every 5 seconds: a job for each message that is due (its writer died, or a retry has come)."""
    with transaction():
        due = work.take_due(Message, limit=500, hold_seconds=60)
        jobs.enqueue_many("delivery.send", [{"message_id": pk, "due": True} for pk in due])
    return {"due": len(due)}
