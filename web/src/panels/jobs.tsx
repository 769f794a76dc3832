import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Plan and jobs" about="The whole state of the page, as a plan." />
      <Empty title="Nothing here yet" />
    </>
  );
}
