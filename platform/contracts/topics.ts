/** The topic on which vector tells that the store holds an earlier state: what was stored since is gone. */
export const VECTORS_RESTORED_TOPIC = 'vectors:restored';
