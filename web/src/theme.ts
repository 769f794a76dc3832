// Light or dark: the system's, until one is chosen.

import { signal } from "@preact/signals";

type Theme = "light" | "dark";
const system = matchMedia("(prefers-color-scheme: dark)");
const chosen = (): Theme | undefined => document.documentElement.dataset.theme as Theme | undefined;

export const theme = signal<Theme>(chosen() ?? (system.matches ? "dark" : "light"));

system.addEventListener("change", () => {
  if (!chosen()) theme.value = system.matches ? "dark" : "light";
});

export function toggleTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  theme.value = next;
  try {
    localStorage.setItem("tmsim.theme", next);
  } catch {
    // Not kept, then.
  }
}
