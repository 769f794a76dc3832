import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="After-effect" about="What the session leaves behind, and how much people differ." />
      <Empty title="Nothing here yet" />
    </>
  );
}
