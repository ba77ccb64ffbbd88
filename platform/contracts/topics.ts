/**
 * The topic on which the vector subgraph tells that the store holds an earlier state: what was stored since is gone.
 */
export const VECTORS_RESTORED_TOPIC = 'vectors:restored';
