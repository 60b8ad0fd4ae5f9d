"""HTTP as all edges speak it: trust, proxies, patience, and what failures mean."""
