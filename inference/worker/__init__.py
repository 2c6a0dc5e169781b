"""The inference worker: starts vLLM's OpenAI server on a GPU box that has neither database nor Django."""
