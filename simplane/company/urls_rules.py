"""Addresses of what a company rules and is told: rules, budgets, approvals, alerts."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import alert_routes, alerts, approvals, budgets, people_rules, rule_acts, rule_settings, rules

pages: list[URLPattern] = [
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rule_acts.new_rule, name="new_rule"),
    path("rules/settings/", rule_settings.rule_settings, name="rule_settings"),
    path("rules/settings/slack/", rule_settings.know_in_slack, name="know_in_slack"),
    path("rules/settings/leavers/", people_rules.leaver_rule, name="leaver_rule"),
    path("rules/settings/joiners/", people_rules.joiner_rule, name="joiner_rule"),
    path("rules/<str:public_id>/", rules.rule, name="rule"),
    path("rules/<str:public_id>/change/", rule_acts.edit_rule, name="edit_rule"),
    path("rules/<str:public_id>/retire/", rule_acts.retire_rule, name="retire_rule"),
    path("budgets/", budgets.budgets, name="budgets"),
    path("budgets/new/", budgets.new_budget, name="new_budget"),
    path("budgets/<str:public_id>/", budgets.edit_budget, name="edit_budget"),
    path("budgets/<str:public_id>/retire/", budgets.retire_budget, name="retire_budget"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<str:public_id>/decide/", approvals.decide, name="decide"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/daily-mail/", alerts.daily_mail, name="daily_mail"),
    path("alerts/many/", alerts.alerts_many, name="alerts_many"),
    path("alerts/routes/", alert_routes.alert_routes, name="alert_routes"),
    path("alerts/routes/<str:public_id>/remove/", alert_routes.remove_route, name="remove_route"),
    path("alerts/<str:public_id>/<str:name>/", alerts.alert_deed, name="alert_deed"),
]
open_pages: list[URLPattern] = [path("approvals/<str:token>/", approvals.answer, name="answer")]
"""Without a sign-in: the address is its own key."""
