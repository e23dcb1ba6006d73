"""Organizations, members and invitations behind the wall between tenants (docs/adr/0022)."""

from django.db import migrations

from simplane.core.walls import WHOSE, opened, wall

COLLEAGUES = f"id IN (SELECT user_id FROM organizations_membership WHERE organization_id = {WHOSE})"
SEEN_OF_PEOPLE = "SELECT (id, email, name, is_active)"


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_members"), ("core", "0005_tenants")]

    operations = [
        wall("organizations_organization", "SELECT", rows=f"id = {WHOSE}"),
        opened("organizations_organization", "UPDATE (name, contact_email, country, vat_id, website)"),
        wall("organizations_membership"),
        wall("organizations_invitation", "SELECT, INSERT, UPDATE"),
        wall("organizations_branding"),
        wall("organizations_user", SEEN_OF_PEOPLE, rows=COLLEAGUES),
    ]
