/** A component that is drawn again only when one of its properties is another one. */
import { Component, type ComponentType } from "preact";

export function memo<Props extends object>(Inner: ComponentType<Props>): ComponentType<Props> {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      const now = this.props as Readonly<Record<string, unknown>>;
      const then = next as Readonly<Record<string, unknown>>;
      const names = new Set([...Object.keys(now), ...Object.keys(then)]);
      return [...names].some((name) => now[name] !== then[name]);
    }

    override render() {
      return <Inner {...(this.props as Props)} />;
    }
  };
}
