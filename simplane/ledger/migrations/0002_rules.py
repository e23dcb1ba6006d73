"""What no code may break: entries sum to zero, nothing is changed or removed, nothing posts into a closed month."""

from django.db import migrations

BALANCED = """
CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_bad record;
BEGIN
  SELECT transaction_id, currency, sum(amount_minor) AS off INTO v_bad
    FROM added GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger: transaction % is off by % %', v_bad.transaction_id, v_bad.off, v_bad.currency
      USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_balanced';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_balanced AFTER INSERT ON ledger_entry
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_balanced();
"""
OPEN_MONTH = """
CREATE FUNCTION ledger_month_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_bad record;
BEGIN
  SELECT p.ledger, p.month INTO v_bad FROM ledger_period AS p JOIN added AS a
    ON a.ledger = p.ledger AND a.at >= p.month::timestamp AT TIME ZONE 'UTC'
   AND a.at < (p.month + interval '1 month') AT TIME ZONE 'UTC' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger: % of ledger % is closed', to_char(v_bad.month, 'YYYY-MM'), v_bad.ledger
      USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closed';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_month_open AFTER INSERT ON ledger_transaction
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_month_open();
"""
APPEND_ONLY = """
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger: % is append-only; a mistake is corrected by a reversing transaction', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
"""
TABLES = {"ledger_account": "id", "ledger_transaction": "id", "ledger_entry": "id", "ledger_seal": "transaction_id"}
"""And their keys: foreign keys lock rows as the owner, which takes the right to update some column (the trigger refuses)."""
GUARD = "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_append_only();"
    f"CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
    " EXECUTE FUNCTION ledger_append_only();"
    f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER;"
    f"GRANT UPDATE ({key}) ON {table} TO CURRENT_USER;"
    for table, key in TABLES.items()
)
UNGUARD = "".join(
    f"DROP TRIGGER append_only ON {table}; DROP TRIGGER never_truncated ON {table};"
    f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER;"
    for table in TABLES
)
CURRENCY = """
ALTER TABLE ledger_entry ADD CONSTRAINT entry_account_currency
  FOREIGN KEY (account_id, currency) REFERENCES ledger_account (id, currency);
ALTER TABLE ledger_wallet SET (fillfactor = 50);
ALTER TABLE ledger_hold SET (fillfactor = 80);
"""
UNCURRENCY = "ALTER TABLE ledger_entry DROP CONSTRAINT entry_account_currency;"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunSQL(BALANCED, "DROP TRIGGER ledger_balanced ON ledger_entry; DROP FUNCTION ledger_balanced();"),
        migrations.RunSQL(
            OPEN_MONTH, "DROP TRIGGER ledger_month_open ON ledger_transaction; DROP FUNCTION ledger_month_open();"
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION ledger_append_only();"),
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(CURRENCY, UNCURRENCY),
    ]
