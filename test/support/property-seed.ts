/**
 * Before any test: property tests take the same cases in every run, so that what a run says is said of the code and of no draw.
 * Others are drawn with `STOA_TEST_SEED=$RANDOM npm test unit`.
 */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env["STOA_TEST_SEED"] ?? 1) });
