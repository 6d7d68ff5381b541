"""Write docs/openapi.json from the application: `python scripts/openapi.py`. A test compares it with what is served."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Build the application without connecting to anything, and write its document."""
    from webapp.api.app import SPECIFICATION
    from webapp.app import create_app
    from webapp.core.settings import Settings

    nowhere = Settings(
        database_url="postgresql://nobody@localhost/nothing",
        redis_url="redis://localhost",
        secret_key="x" * 32,
        testing=True,
    )
    document = create_app(nowhere).extensions[SPECIFICATION]
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
    (ROOT / "docs" / "openapi.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
