"""Engines: whatever turns a note into draft claims."""

from collections.abc import Mapping

from inference.engines.base import Engine


def engine_from_environment(environ: Mapping[str, str]) -> Engine:
    """Choose the engine that the settings ask for.

    Args:
        environ: EPITOME_ENGINE_SCRIPT (a file of scripted answers, for tests), else EPITOME_ENGINE_URL (vLLM
            or another server with the OpenAI wire), else neither: the extractive engine.

    Raises:
        EngineError: "misconfigured" or "outside_site": the settings cannot be used.
    """
    if script := environ.get("EPITOME_ENGINE_SCRIPT"):
        from inference.engines.scripted import ScriptedEngine

        return ScriptedEngine.from_file(script)
    if environ.get("EPITOME_ENGINE_URL"):
        from inference.engines.vllm import VllmEngine

        return VllmEngine.from_environment(environ)
    from inference.engines.extractive import ExtractiveEngine

    return ExtractiveEngine()
