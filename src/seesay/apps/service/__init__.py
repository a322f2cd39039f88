"""The HTTP service, its web page and the MCP tools. What needs Starlette is imported when the service is built."""
