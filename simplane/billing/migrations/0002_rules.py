"""What no code may break: a locked invoice, its lines, facts, document and payments are never changed, by nobody."""

from django.db import migrations

from simplane.core.walls import wall

NEVER = """
CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'billing: % is kept as it was written; an invoice is corrected by a credit note', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_locked';
END $$;
"""
INVOICE = """
CREATE FUNCTION billing_invoice_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_after text[] := ARRAY['state', 'paid_minor', 'credited_minor', 'returned_minor', 'replaced', 'disputed_at', 'dispute'];
BEGIN
  IF OLD.locked_at IS NULL THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - v_after = to_jsonb(OLD) - v_after
     AND NEW.state IN ('locked', 'paid', 'credited') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'billing: invoice % is locked; correct it by a credit note', OLD.number
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_locked';
END $$;
CREATE TRIGGER invoice_locked BEFORE UPDATE OR DELETE ON billing_invoice
  FOR EACH ROW EXECUTE FUNCTION billing_invoice_locked();
"""
LINE = """
CREATE FUNCTION billing_line_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM billing_invoice AS i WHERE i.locked_at IS NOT NULL
    AND (TG_OP <> 'INSERT' AND i.id = OLD.invoice_id OR TG_OP <> 'DELETE' AND i.id = NEW.invoice_id);
  IF FOUND THEN
    RAISE EXCEPTION 'billing: a line of a locked invoice is not changed'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_locked';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER line_locked BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
  FOR EACH ROW EXECUTE FUNCTION billing_line_locked();
"""
FACT = """
CREATE FUNCTION billing_fact_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'released' = to_jsonb(OLD) - 'released' THEN
    RETURN NEW;
  END IF;
  PERFORM FROM billing_invoiceline AS l JOIN billing_invoice AS i ON i.id = l.invoice_id WHERE i.locked_at IS NOT NULL
    AND (TG_OP <> 'INSERT' AND l.id = OLD.line_id OR TG_OP <> 'DELETE' AND l.id = NEW.line_id);
  IF FOUND THEN
    RAISE EXCEPTION 'billing: a fact of a locked invoice is not changed'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_locked';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER fact_locked BEFORE INSERT OR UPDATE OR DELETE ON billing_billedfact
  FOR EACH ROW EXECUTE FUNCTION billing_fact_locked();
"""
KEPT = ("billing_invoicedocument", "billing_invoicepayment")
TENANTS = ("billingprofile", "invoice", "invoiceline", "billedfact", "invoicedocument", "invoicepayment", "dunningstep")
TRUNCATED = tuple(f"billing_{name}" for name in TENANTS if name != "billingprofile")


def guard(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION billing_refuse();",
        f"DROP TRIGGER kept ON {table};",
    )


def whole(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse();",
        f"DROP TRIGGER never_truncated ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_tables"), ("core", "0005_tenants")]
    operations = [
        migrations.RunSQL(NEVER, "DROP FUNCTION billing_refuse();"),
        migrations.RunSQL(
            INVOICE, "DROP TRIGGER invoice_locked ON billing_invoice; DROP FUNCTION billing_invoice_locked();"
        ),
        migrations.RunSQL(
            LINE, "DROP TRIGGER line_locked ON billing_invoiceline; DROP FUNCTION billing_line_locked();"
        ),
        migrations.RunSQL(FACT, "DROP TRIGGER fact_locked ON billing_billedfact; DROP FUNCTION billing_fact_locked();"),
        *(guard(table) for table in KEPT),
        *(whole(table) for table in TRUNCATED),
        *(wall(f"billing_{name}", "SELECT") for name in TENANTS),
    ]
