// The guided tour; `tourStep` says which step shows, null for none.

export function Tour() {
  return null;
}
