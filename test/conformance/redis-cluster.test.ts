import { redisIsThere, startRedisCluster } from "../support/redis-servers.ts";
import { redisConformance } from "./redis-cluster-ports.ts";

if (await redisIsThere()) redisConformance("a Redis Cluster of three", startRedisCluster);
