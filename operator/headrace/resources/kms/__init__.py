"""What others need to know of keys of AWS KMS; there are no resource types here."""
