-- What is sent to a conversation, and each reply that ends, changes the row of the conversation. Where its page has room
-- for the new row the four indexes, two of them over the words of the title, need not hear of it. New pages keep a
-- quarter for it.
ALTER TABLE "conversations" SET (fillfactor = 75);
