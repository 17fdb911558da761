"""Reports as HTML pages without scripts, which load nothing from elsewhere. Light."""
