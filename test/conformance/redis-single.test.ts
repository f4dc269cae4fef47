import { redisIsThere, startSingleRedis } from "../support/redis-servers.ts";
import { redisConformance } from "./redis-cluster-ports.ts";

if (await redisIsThere()) redisConformance("one Redis", startSingleRedis);
