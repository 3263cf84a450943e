"""Resource types of AWS Certificate Manager."""
