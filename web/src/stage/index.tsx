export default function Stage() {
  return <div data-testid="stage" />;
}
