// Boost.JSON without a library to link: its definitions, once.
#include <boost/json/src.hpp>
