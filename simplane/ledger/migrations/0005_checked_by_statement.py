"""What entries and holds name is checked once a statement, or can not vanish, instead of by a foreign key for every row.

Accounts and transactions are append-only, so an entry whose account and transaction were there when it was written keeps
them: `ledger_balanced` looks at all entries of a statement at once. A wallet is never removed, and whoever makes a hold has
just changed its wallet's row (docs/adr/0014 has what this is worth).
"""

import django.db.models.deletion
from django.db import migrations, models

CHECKED = """
CREATE OR REPLACE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_bad record;
BEGIN
  -- Scalar subqueries: joins may be planned as a hash of the whole table.
  SELECT transaction_id, currency, sum(amount_minor) AS off,
      count((SELECT t.id FROM ledger_transaction AS t WHERE t.id = added.transaction_id)) < count(*) AS nowhere,
      count((SELECT x.id FROM ledger_account AS x WHERE x.id = added.account_id AND x.currency = added.currency)) < count(*)
        AS foreign_account INTO v_bad
    FROM added GROUP BY transaction_id, currency
    HAVING sum(amount_minor) <> 0
      OR count((SELECT t.id FROM ledger_transaction AS t WHERE t.id = added.transaction_id)) < count(*)
      OR count((SELECT x.id FROM ledger_account AS x WHERE x.id = added.account_id AND x.currency = added.currency))
        < count(*) LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF v_bad.nowhere THEN
    RAISE EXCEPTION 'ledger: there is no transaction %', v_bad.transaction_id
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'entry_transaction';
  ELSIF v_bad.foreign_account THEN
    RAISE EXCEPTION 'ledger: an entry of transaction % names no account in %', v_bad.transaction_id, v_bad.currency
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'entry_account_currency';
  END IF;
  RAISE EXCEPTION 'ledger: transaction % is off by % %', v_bad.transaction_id, v_bad.off, v_bad.currency
    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_balanced';
END $$;
"""
BALANCED = """
CREATE OR REPLACE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
KEPT = """
CREATE FUNCTION ledger_wallet_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger: a wallet is never removed, its holds and entries name it' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER never_removed BEFORE DELETE ON ledger_wallet FOR EACH ROW EXECUTE FUNCTION ledger_wallet_kept();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON ledger_wallet FOR EACH STATEMENT EXECUTE FUNCTION ledger_wallet_kept();
"""
UNKEPT = """
DROP TRIGGER never_removed ON ledger_wallet; DROP TRIGGER never_truncated ON ledger_wallet;
DROP FUNCTION ledger_wallet_kept();
"""
NO_KEY = "ALTER TABLE ledger_entry DROP CONSTRAINT entry_account_currency;"
KEY = """
ALTER TABLE ledger_entry ADD CONSTRAINT entry_account_currency
  FOREIGN KEY (account_id, currency) REFERENCES ledger_account (id, currency);
"""
PATIENCE = "SET LOCAL lock_timeout = '3s'"
"""Every table here is locked whole. Behind a long transaction that would stop all orders: rather fail, and be run again."""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_hold_once")]
    operations = [
        migrations.RunSQL(PATIENCE, migrations.RunSQL.noop),
        migrations.RunSQL(CHECKED, BALANCED),
        migrations.RunSQL(KEPT, UNKEPT),
        migrations.RunSQL(NO_KEY, KEY),
        migrations.AlterField(
            "entry",
            "transaction",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="ledger.transaction",
            ),
        ),
        migrations.AlterField(
            "hold",
            "wallet",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="ledger.wallet",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, PATIENCE),
    ]
