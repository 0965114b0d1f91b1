"""The pages of the console, and what must be seen on each."""

# Every page that can be opened as it stands, with what must be seen on it. A `{…}` is filled in from what was planted.
PAGES = {
    "/console/tier": "Infrastructure Tier",
    "/console/tier/plan?target={target}": "Move from",
    "/console/tier/progress": "Change of tier",
    "/console/tier/configs": "Configure Tiers",
    "/console/tier/configs/STAGING": "STAGING",
    "/console/tier/history": "History",
    "/console/tier/history/{change}": "Change",
    "/console/tier/resources": "Resources",
    "/console/tier/audit": "Audit",
    "/console/hosts": "Hosts",
    "/console/hosts/{host}": "{host}",
    "/console/insights": "Insights",
    "/console/canary": "Canary",
    "/console/models": "Models",
}


def addresses(change: str, target: str, host: str = "db-1") -> dict[str, str]:
    """The pages, filled in for a tenant, with what must be seen on each."""
    filled = {"change": change, "target": target, "host": host}
    return {path.format(**filled): words.format(**filled) for path, words in PAGES.items()}
