"""One name for each provider, whatever a framework calls it."""

_ALIASES = {
    "api.openai.com": "openai",
    "openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google",
    "gemini": "google",
    "google_genai": "google",
    "google.genai": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "vertex ai": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "google ai studio": "google",
    "api.deepgram.com": "deepgram",
    "api.elevenlabs.io": "elevenlabs",
    "eleven_labs": "elevenlabs",
    "11labs": "elevenlabs",
    "api.cartesia.ai": "cartesia",
    "assembly_ai": "assemblyai",
    "api.assemblyai.com": "assemblyai",
    "api.groq.com": "groq",
    "vertex_ai-language-models": "google",
    "amazon": "aws",
    "amazon polly": "aws",
    "aws_polly": "aws",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "aws.bedrock": "aws",
    "az.ai.openai": "azure",
    "azure.ai.openai": "azure",
    "azure_openai": "azure",
}


def canonical_provider(name: str | None) -> str | None:
    """The provider's lower-case name, aliases and host names resolved; None for none."""
    if name is None:
        return None
    lower = name.strip().lower()
    return _ALIASES.get(lower, lower) or None
