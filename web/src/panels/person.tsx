import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="The virtual person" about="Who fires, the muscle's answer, and the motor threshold." />
      <Empty title="Nothing here yet" />
    </>
  );
}
