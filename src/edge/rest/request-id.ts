/** Names of HTTP requests, so that an answer, a line of the log and whatever stands before this server speak of the same one. */
import { type Random, SystemRandom } from "../../base/prng.ts";

export const REQUEST_ID_HEADER = "x-request-id";
/** What anybody sends goes into logs and headers: no other letters. */
const ACCEPTED = /^[A-Za-z0-9._-]{1,64}$/;
const LENGTH = 16;

export class RequestIds {
  readonly #ids = new WeakMap<Request, string>();
  readonly #random: Random;

  constructor(random: Random = new SystemRandom()) {
    this.#random = random;
  }

  of(request: Request): string {
    const known = this.#ids.get(request);
    if (known !== undefined) return known;
    const given = request.headers.get(REQUEST_ID_HEADER);
    const id = given !== null && ACCEPTED.test(given) ? given : this.#random.token(LENGTH);
    this.#ids.set(request, id);
    return id;
  }
}
