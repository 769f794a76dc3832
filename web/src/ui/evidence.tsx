import { Popover } from "./popover";

/** What stands behind a number, as the server's panels say it. */
export interface Evidence {
  /** read in the source, recomputed from it, or not verified; or how strong the evidence is, in a word. */
  status: "read" | "recomputed" | "unverified";
  strength?: "strong" | "moderate" | "weak";
  title?: string;
  /** Plain text with Unicode mathematics. */
  equation?: string;
  sources?: readonly { key: string; text: string; url?: string }[];
  note?: string;
}

const MEANING = {
  read: "The numbers were read in the source itself.",
  recomputed: "The numbers were recomputed from the source's data or equations.",
  unverified: "The numbers are recalled and were not checked against the source.",
};

const WORDS = { read: "read", recomputed: "recomputed", unverified: "unverified" };

export function EvidenceBadge({ evidence }: { evidence: Evidence }) {
  const { status, strength, title, equation, sources = [], note } = evidence;
  return (
    <Popover
      testId="evidence"
      button={{
        class: "badge",
        label: "Equation and source",
        testId: "evidence-badge",
        data: { "data-status": status, ...(strength ? { "data-strength": strength } : {}) },
        children: strength ? `${WORDS[status]}, ${strength} evidence` : WORDS[status],
      }}
    >
      <strong>{title ?? "Equation and source"}</strong>
      {equation && <div class="equation">{equation}</div>}
      <p class="small">{MEANING[status]}</p>
      {note && <p class="small soft">{note}</p>}
      {sources.map((source) => (
        <p key={source.key} class="small soft">
          {source.text}{" "}
          {source.url ? (
            <a href={source.url} target="_blank" rel="noreferrer">
              <code>{source.key}</code>
            </a>
          ) : (
            <code>{source.key}</code>
          )}
        </p>
      ))}
    </Popover>
  );
}
