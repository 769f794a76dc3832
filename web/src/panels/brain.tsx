import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Transmitters and network" about="Release, receptors, and what spreads through the connectome." />
      <Empty title="Nothing here yet" />
    </>
  );
}
