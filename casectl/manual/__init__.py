"""The manual: one page a topic, shown by `casectl help TOPIC`. Data only; cli reads the pages."""
