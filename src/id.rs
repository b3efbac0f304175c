//! Typed indices into the world's arrays. Entities are sorted by name, so an index says nothing about the order of declaration.

/// What an arena is indexed by.
pub trait Id: Copy {
    /// The position.
    fn to_index(self) -> usize;
    /// The id of a position.
    fn from_index(index: usize) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            /// The position in the array of these entities.
            #[must_use]
            pub fn index(self) -> usize {
                usize::try_from(self.0).expect("an id fits the address space")
            }

            /// The id of the entity at this position; panics where the world would be too large, which the loader refuses.
            #[must_use]
            pub fn at(index: usize) -> $name {
                $name(<$int>::try_from(index).expect("the loader bounds the number of entities"))
            }
        }

        impl Id for $name {
            fn to_index(self) -> usize {
                self.index()
            }
            fn from_index(index: usize) -> $name {
                $name::at(index)
            }
        }
    )*};
}

ids! {
    /// A client population.
    ClientId(u16);
    /// An API.
    ApiId(u16);
    /// A consumer key with which gateways ask for backend tokens.
    CredentialId(u16);
    /// A consumer key of whatever kind: of a credential of gateways, of an application, of a population of users.
    ConsumerKeyId(u32);
    /// A (consumer key, user, scope, binding): what at most one ACTIVE token exists for.
    TokenKeyId(u32);
    /// An application that asks the IdP itself.
    ApplicationId(u16);
    /// A thread of an application; the threads of all applications are counted through.
    ThreadId(u32);
    /// A gateway node.
    GatewayId(u32);
    /// A node of the authorization server.
    IdpNodeId(u16);
    /// A (gateway node, API) pair; those of applications' threads come after all of these.
    LaneId(u32);
    /// Who asks for tokens: a (gateway node, credential) pair, or a thread of an application; these come last.
    HolderId(u32);
    /// A cache entry: of a holder, or of a shared store for a credential.
    CacheId(u32);
    /// A call in flight.
    CallId(u32);
    /// A token request in the air.
    FlightId(u32);
    /// An introspection in the air.
    IntrospectionId(u32);
    /// A service under way in a worker of the IdP.
    ServiceId(u32);
    /// An operation of the shared store under way.
    StoreOpId(u32);
    /// An operation of the database, under way or waiting for a connection.
    DbOpId(u32);
    /// A thread of a node's pool that writes a token.
    WriterId(u32);
    /// A change of rows on its way to the nodes' caches.
    InvalidationId(u32);
    /// An event that the IdP has published, in order.
    NoticeId(u32);
    /// The delivery of a notice to a gateway.
    DeliveryId(u32);
    /// A key that signs JWTs, in order of appearance.
    KeyId(u32);
    /// A fault of the scenario.
    FaultId(u16);
    /// A stream of arrivals.
    SourceId(u32);
}
