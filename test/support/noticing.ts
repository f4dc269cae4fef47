/** A port as it is, and the names of its methods as they are called. */
export function noticing<Port extends object>(port: Port, called: (method: string) => void): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        called(String(name));
        return Reflect.apply(member, target, args);
      };
    },
  });
}
