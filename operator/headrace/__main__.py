"""Run the operator: python -m headrace."""

from headrace.main import app

app(prog_name="headrace-operator")
