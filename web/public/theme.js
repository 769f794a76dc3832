// Before the first paint, so that a chosen theme does not flash.
try {
  const theme = localStorage.getItem("tmsim.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to this page: the system's theme holds.
}
