"""The SQL function of the shared rate limit (GCRA), and Procrastinate without its per-commit notify (docs/adr/0004)."""

from django.db import migrations

TAKE = """
CREATE FUNCTION simplane_take(p_key text, p_rate double precision, p_burst int, p_cost int, p_most_wait double precision)
RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_arrival timestamptz;
  v_next timestamptz;
  v_wait double precision;
BEGIN
  INSERT INTO core_ratelimit (key, theoretical_arrival) VALUES (p_key, v_now) ON CONFLICT (key) DO NOTHING;
  SELECT greatest(theoretical_arrival, v_now) INTO v_arrival FROM core_ratelimit WHERE key = p_key FOR UPDATE;
  v_now := clock_timestamp();
  v_arrival := greatest(v_arrival, v_now);
  v_next := v_arrival + make_interval(secs => p_cost / p_rate);
  v_wait := extract(epoch FROM v_next - make_interval(secs => p_burst / p_rate) - v_now);
  IF v_wait <= 0 THEN
    UPDATE core_ratelimit SET theoretical_arrival = v_next WHERE key = p_key;
    RETURN 0;
  ELSIF v_wait <= p_most_wait THEN
    UPDATE core_ratelimit SET theoretical_arrival = v_next WHERE key = p_key;
    RETURN v_wait;
  END IF;
  RETURN -v_wait;
END $$;
"""
QUIET = """
ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1;
ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_trigger_status_events_update_v1;
ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_trigger_status_events_insert_v1;
ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_trigger_scheduled_events_v1;
"""
LOUD = QUIET.replace("DISABLE", "ENABLE")


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [
        migrations.RunSQL(TAKE, "DROP FUNCTION simplane_take"),
        migrations.RunSQL(QUIET, LOUD),
    ]
