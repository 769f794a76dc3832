// The live socket: poses out, fields in. It reconnects by itself; a pose sent meanwhile is asked for again by
// the page once `onState("open")` has come.

import { decodeField, type FieldMessage } from "./tmsf";
import type { Basis } from "./types";

interface Handlers {
  onState(state: "connecting" | "open" | "lost"): void;
  onField(message: FieldMessage): void;
  onRefused(view: "A" | "B", seq: number, message: string): void;
  onBasis(basis: Partial<Basis>): void;
  /** The server does not know this page, say after it was started anew; there is no use in trying again. */
  onTurnedAway(reason: string): void;
}

const LONGEST_WAIT_ms = 4000;
const REFUSED = 4403;

export function socketUrl(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

export class Live {
  private socket: WebSocket | null = null;
  private wait_ms = 250;
  private seq = 0;

  constructor(private readonly handlers: Handlers) {}

  open(): void {
    this.handlers.onState(this.seq ? "lost" : "connecting");
    const socket = new WebSocket(socketUrl("/api/live"));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.wait_ms = 250;
      this.handlers.onState("open");
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.handlers.onState("lost");
      if (event.code === REFUSED) return this.handlers.onTurnedAway(event.reason);
      setTimeout(() => this.open(), this.wait_ms);
      this.wait_ms = Math.min(2 * this.wait_ms, LONGEST_WAIT_ms);
    };
  }

  /** Ask for the field of a pose; the answer carries the number returned here. The latest one wins. */
  place(view: "A" | "B", body: object): number {
    const seq = ++this.seq;
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ type: "place", seq, view, ...body }));
    return seq;
  }

  private receive(data: ArrayBuffer | string): void {
    if (typeof data !== "string") return this.handlers.onField(decodeField(data));
    const message = JSON.parse(data) as { type: string } & Record<string, unknown>;
    if (message.type === "refused")
      this.handlers.onRefused(message.view === "B" ? "B" : "A", Number(message.seq), String(message.message));
    else if (message.type === "basis") {
      const { type: _, ...basis } = message;
      this.handlers.onBasis(basis as Partial<Basis>);
    }
  }
}
