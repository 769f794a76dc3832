import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  /** Attributes of the button that opens it, and what it shows. */
  button: {
    class: string;
    label?: string;
    testId?: string;
    data?: Record<string, string>;
    children: ComponentChildren;
  };
  class?: string;
  testId?: string;
  children: ComponentChildren;
}

/** Something that opens beside its button; Escape or a click elsewhere closes it. */
export function Popover({ button, children, class: kind = "", testId }: Props) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const place = () => {
      const at = opener.current?.getBoundingClientRect();
      if (!at) return;
      const { offsetWidth: width, offsetHeight: height } = element;
      const left = Math.min(Math.max(12, at.right - width), innerWidth - width - 12);
      const below = at.bottom + 6;
      const top = below + height > innerHeight - 12 ? Math.max(12, at.top - height - 6) : below;
      element.style.left = `${left}px`;
      element.style.top = `${top}px`;
    };
    const onToggle = (event: Event) => (event as ToggleEvent).newState === "open" && place();
    element.addEventListener("toggle", onToggle);
    return () => element.removeEventListener("toggle", onToggle);
  }, []);
  return (
    <>
      <button
        ref={opener}
        type="button"
        class={button.class}
        aria-label={button.label}
        title={button.label}
        data-testid={button.testId}
        popovertarget={id}
        {...button.data}
      >
        {button.children}
      </button>
      <div ref={box} id={id} popover="auto" class={`popover ${kind}`} data-testid={testId}>
        {children}
      </div>
    </>
  );
}
