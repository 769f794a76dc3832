import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Placement" about="Where the coil sits, and what it does there." />
      <Empty title="Nothing here yet" />
    </>
  );
}
