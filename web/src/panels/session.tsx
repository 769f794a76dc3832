import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Train and session" about="Pulses in their order, with their totals and safety findings." />
      <Empty title="Nothing here yet" />
    </>
  );
}
