# What is defined here would be seen by whoever types on the terminal.
__import__("_pyrepl.main").main.interactive_console()
