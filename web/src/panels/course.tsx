import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Course of treatment" about="Sessions over weeks, symptoms, response and the trials beside them." />
      <Empty title="Nothing here yet" />
    </>
  );
}
