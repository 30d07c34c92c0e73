"""Whether others take a domain's mail for genuine: what its DNS records say."""
