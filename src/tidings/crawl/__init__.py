"""The room that reads real databases: their schemas, tables, views and columns become assets of the catalog.

Needs the extra ``crawl``; without it importing this room raises ImportError.
"""

from tidings.crawl.crawl import Catalog, CrawlReport, crawl
from tidings.crawl.source import Progress

__all__ = ["Catalog", "CrawlReport", "Progress", "crawl"]
