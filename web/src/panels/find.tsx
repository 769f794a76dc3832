import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Best placement" about="The best place, angle and coil for a target." />
      <Empty title="Nothing here yet" />
    </>
  );
}
