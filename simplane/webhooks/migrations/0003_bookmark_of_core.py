"""The bookmark moves to core, where each reader of the news has one."""

from django.db import migrations

MOVED = """
INSERT INTO core_bookmark (reader, last_event, seen_event, seen_xid)
SELECT 'webhooks', last_event, seen_event, seen_xid FROM webhooks_bookmark
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0002_failed_deliveries"), ("core", "0007_bookmarks")]

    operations = [
        migrations.RunSQL(MOVED, "DELETE FROM core_bookmark WHERE reader = 'webhooks'"),
        migrations.DeleteModel("Bookmark"),
    ]
