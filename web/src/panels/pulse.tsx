import { Empty, PanelHead } from "../ui";

export default function Panel() {
  return (
    <>
      <PanelHead title="Pulse and dose" about="Waveform, stimulator output and the field it makes over time." />
      <Empty title="Nothing here yet" />
    </>
  );
}
