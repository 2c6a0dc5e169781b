// The upload form: drop files on it, see what is chosen, take one away. Without script the plain control does.
(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const zone = form.querySelector("[data-drop-zone]");
  const input = zone.querySelector("input[type=file]");
  const list = zone.querySelector("[data-chosen]");
  const problem = zone.querySelector("[data-problem]");
  const fileBytes = Number(form.dataset.fileBytes);
  const requestBytes = Number(form.dataset.requestBytes);
  const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
  const size = (bytes) => (bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`);
  let seen = [];
  zone.querySelector("[data-drop-words]").hidden = false;

  const choose = (files) => {
    const kept = new DataTransfer();
    for (const file of files) kept.items.add(file);
    input.files = kept.files;
    seen = [...input.files];
    show();
  };

  const row = (file, index) => {
    const item = document.createElement("li");
    const words = document.createElement("span");
    const tooLarge = file.size > fileBytes ? `, more than ${megabytes(fileBytes)} MB: will be refused` : "";
    words.textContent = `${file.name} (${size(file.size)}${tooLarge})`;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn btn-quiet btn-sm";
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    remove.addEventListener("click", () => {
      choose([...input.files].filter((_, place) => place !== index));
      (list.querySelectorAll("button")[Math.min(index, input.files.length - 1)] || input).focus();
    });
    item.append(words, remove);
    return item;
  };

  const show = () => {
    const files = [...input.files];
    list.replaceChildren(...files.map(row));
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const isTooMuch = total > requestBytes - 2 ** 16;
    problem.textContent = isTooMuch
      ? `Together these are ${megabytes(total)} MB; at most ${megabytes(requestBytes)} MB can be sent at once. Remove some.`
      : "";
    input.setCustomValidity(problem.textContent);
  };

  input.addEventListener("change", () => {
    // Choosing again adds; a browser alone would replace.
    const again = [...input.files];
    const fresh = seen.filter((old) => !again.some((file) => file.name === old.name && file.size === old.size));
    choose([...fresh, ...again]);
  });
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "dragend", "drop"]) {
    zone.addEventListener(name, () => zone.classList.remove("is-over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    choose([...input.files, ...event.dataTransfer.files]);
  });
  // A file dropped beside the zone must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  window.addEventListener("pageshow", show);
})();
