// The switch that marks symptoms in the source, or not. Marks are underlines: switching them moves nothing.
(() => {
  const switcher = document.getElementById("symptoms-switch");
  if (!switcher) return;
  const source = document.getElementById("source");
  const show = (isOn) => {
    source.classList.toggle("hides-symptoms", !isOn);
    switcher.textContent = isOn ? "Hide symptom marks" : "Show symptom marks";
  };
  const stored = () => { try { return localStorage.getItem("symptoms"); } catch { return null; } };
  switcher.addEventListener("click", () => {
    const isOn = source.classList.contains("hides-symptoms");
    show(isOn);
    document.getElementById("announcer").textContent = isOn ? "Symptoms are marked." : "Symptoms are not marked.";
    try { localStorage.setItem("symptoms", isOn ? "on" : "off"); } catch { /* for this page only */ }
  });
  show(stored() !== "off");
  switcher.hidden = false;
})();
