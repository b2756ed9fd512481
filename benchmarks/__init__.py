"""Measurements that print a side-by-side ratio. Never imported by the product."""
