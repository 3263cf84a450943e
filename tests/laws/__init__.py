"""Laws: what holds for every facet and every resource type by its being there."""
