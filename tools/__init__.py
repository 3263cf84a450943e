"""Programs for those who work on Headrace; none of them is part of the operator."""
