import { ClientDocuments } from './client-documents.ts';
import type { ClientMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';
import { RegisteredClients } from './registered-clients.ts';

/** An app that asks to be connected. */
export interface Client extends ClientMetadata {
  readonly id: string;
}

/** The apps that can be connected: those that registered themselves, and those that a document tells of. */
export class Clients {
  readonly registered: RegisteredClients;
  readonly #documents: ClientDocuments;

  constructor(registered: RegisteredClients, documents: ClientDocuments) {
    this.registered = registered;
    this.#documents = documents;
  }

  /**
   * @param mayRead called before a document of a stranger's choice is read.
   * @throws {OAuthError} invalid_client: there is no such app; what `mayRead` throws.
   */
  async find(id: string, mayRead: () => Promise<void>): Promise<Client> {
    if (ClientDocuments.isOne(id)) return { id, ...(await this.#documents.find(id, mayRead)) };
    const found = this.registered.find(id);
    if (!found) throw unknownClient();
    return { id, ...found };
  }
}

/** Returns whether an id can be that of an app; what it is bound to says the rest. */
export const isClientId = (id: string): boolean => RegisteredClients.isOne(id) || ClientDocuments.isOne(id);

/** Returns what is said of an app that is not known. */
export const unknownClient = () =>
  new OAuthError('invalid_client', 'The app is not known here, or its registration has ended: register again.', 401);
