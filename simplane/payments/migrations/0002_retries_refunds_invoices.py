import django.db.models.deletion
from django.db import migrations, models

FINAL = """
CREATE FUNCTION payments_invoice_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'payments: an invoice is never changed; what was wrong stands in the next one'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON payments_monthlyinvoice
  FOR EACH ROW EXECUTE FUNCTION payments_invoice_final();
"""
NOT_FINAL = "DROP TRIGGER final ON payments_monthlyinvoice; DROP FUNCTION payments_invoice_final();"


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0003_members"),
        ("payments", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvoiceSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField(unique=True)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="autotopup",
            name="declined",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="autotopup",
            name="retry_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="MonthlyInvoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("month", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField(default=0)),
                ("content", models.JSONField()),
                ("issued_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="organizations.organization"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "currency", "month"), name="monthly_invoice_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_minor", models.BigIntegerField()),
                ("reason", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("done", "Done"), ("declined", "Declined")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("proposed_by", models.CharField(max_length=120)),
                ("proposed_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, max_length=200)),
                (
                    "refund",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposal",
                        to="payments.topuprefund",
                    ),
                ),
                (
                    "top_up",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refund_proposals",
                        to="payments.topup",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["proposed_at"], name="refund_proposal_waits"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="refund_proposal_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(
                                models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                                ("refund__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="refund_proposal_four_eyes",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")), fields=("top_up",), name="refund_proposal_one"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FINAL, NOT_FINAL),
    ]
