"""Resource types of Amazon Route 53: parts of hosted zones that are there already."""
